"""The Gymnasium face: its contract, its masks, and its episodes against the checker."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rl.gym_env
from data import Plan, check
from data.generators import generate
from rl.gym_env import PENALTY, FlatActions, VmrEnv


@pytest.mark.filterwarnings("ignore:.*(not within the observation space|is not set|Box observation space).*")
def test_keeps_the_contract_of_gymnasium():
    """Gymnasium's own checker has nothing to say against it."""
    check_env(gymnasium.make("vmr/Scarce-v0", mnl=5).unwrapped, skip_render_check=True)


def test_every_preset_has_an_id():
    """Each preset can be made by its name."""
    names = {name for name in gymnasium.registry if name.startswith("vmr/")}
    assert names == {f"vmr/{preset.capitalize()}-v0" for preset in rl.gym_env.PRESETS}


def test_masked_episodes_are_valid_plans():
    """Actions inside the masks make plans that the checker accepts, with the rewards that it finds."""
    env, rng = VmrEnv(preset="scarce", split="test", mnl=6), np.random.default_rng(0)
    _, info = env.reset(seed=1, options={"index": 3})
    moves, rewards, ended = [], 0.0, False
    while not ended:
        vm = rng.choice(np.flatnonzero(info["vm_mask"][:-1]))
        where = rng.choice(np.flatnonzero(env.destination_mask(vm)))
        moves.append((vm, *divmod(where, 2)))
        _, reward, ended, _, info = env.step(np.array([vm, where]))
        rewards += reward
    cluster = generate("scarce", "test", 3)
    verdict = check(cluster, Plan.of(moves), mnl=6)
    assert verdict.valid, verdict.reason
    assert info["fr"] == pytest.approx(verdict.final_fr)
    assert len(moves) == 6


@pytest.mark.parametrize(("illegal", "reward"), [("ignore", 0.0), ("penalty", PENALTY)])
def test_illegal_actions_change_nothing(illegal, reward):
    """An illegal action costs a step and, where asked for, the published penalty."""
    env = VmrEnv(preset="scarce", mnl=2, illegal=illegal)
    before, info = env.reset(seed=0)
    vm = int(np.flatnonzero(info["vm_mask"])[0])
    where = int(np.flatnonzero(~env.destination_mask(vm))[0])
    after, got, ended, _, _ = env.step(np.array([vm, where]))
    assert got == reward
    assert not ended
    np.testing.assert_array_equal(before["vm"], after["vm"])
    assert after["steps"] == pytest.approx(0.5)


def test_vector_begins_again():
    """A place whose episode has ended begins another with the next step."""
    envs = gymnasium.make_vec("vmr/Scarce-v0", num_envs=2, vectorization_mode="vector_entry_point", mnl=3)
    _, info = envs.reset(seed=0)
    stop = info["vm_mask"].shape[1] - 1
    _, _, ended, _, _ = envs.step(np.array([[stop, 0], [0, 0]]))
    assert ended.tolist() == [True, False]
    seen, _, ended, _, _ = envs.step(np.array([[0, 0], [0, 0]]))
    assert not ended.any()
    assert seen["steps"][:, 0] == pytest.approx([1.0, 1 / 3])


def test_flat_actions_follow_the_full_mask():
    """One number for each pair: the mask of all pairs says what is legal, and the last number stops."""
    env = FlatActions(VmrEnv(preset="scarce", mnl=2, mask="full"))
    env.reset(seed=0)
    masks = env.action_masks()
    assert masks.shape == (env.action_space.n,)
    _, _, ended, _, _ = env.step(int(np.flatnonzero(masks)[0]))
    assert not ended
    assert env.step(env.action_space.n - 1)[2]
