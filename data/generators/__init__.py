"""Built-in clusters that behave like the published ones: seeded, and the same on every machine."""

from data.generators.presets import PRESETS, Preset
from data.generators.recipe import SPLITS, Split, generate
from data.generators.sized import generate_sized

__all__ = ["PRESETS", "SPLITS", "Preset", "Split", "generate", "generate_sized"]
