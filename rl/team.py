"""Players in processes of their own, one for each core, for a learner that would wait for a single one."""

import signal
import traceback
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import torch

from data import InputError
from rl.knobs import Options
from rl.model import ModelConfig, Policy
from rl.player import Player
from rl.ppo import Rollout

Played = tuple[Rollout, tuple[float, float]]


class Team:
    """The players of one learner: as many processes as the options say, or a single player in this one.

    Parameters
    ----------
    first
        The number of the first player.
    """

    def __init__(self, options: Options, policy: Policy, first: int) -> None:
        self._own = None if options.players else Player(options, type(policy), first)
        self._others = [_Other(options, policy, first + index) for index in range(options.players)]

    def play(self, policy: Policy, *, taught: bool) -> list[Played]:
        """Let all play on at once; see `Player.play`."""
        if self._own is not None:
            return [self._own.play(policy, taught=taught)]
        weights = {name: tensor.cpu().numpy() for name, tensor in policy.state_dict().items()}
        return self._all("play", weights, taught)

    def state(self) -> list[dict[str, Any]]:
        """Return what `restore` needs, for a checkpoint."""
        return [self._own.state()] if self._own is not None else self._all("state")

    def restore(self, states: list[dict[str, Any]]) -> None:
        """Go on where other players stopped."""
        if self._own is not None:
            self._own.restore(states[0])
        for other, state in zip(self._others, states, strict=False):
            other.ask("restore", state)
        for other in self._others:
            other.answer()

    def _all(self, what: str, *how: Any) -> list[Any]:
        for other in self._others:
            other.ask(what, *how)
        return [other.answer() for other in self._others]


class _Other:
    """The near end of a player in another process, which ends with this one."""

    def __init__(self, options: Options, policy: Policy, number: int) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        facts = (theirs, options, type(policy), policy.config, number)
        context.Process(target=_serve, args=facts, daemon=True).start()
        theirs.close()

    def ask(self, what: str, *how: Any) -> None:
        """Tell the player to do something."""
        with suppress(BrokenPipeError):  # the answer will tell
            self._pipe.send((what, how))

    def answer(self) -> Any:
        """Wait until that is done; return what came of it.

        Raises
        ------
        InputError
            When the process has ended.
        """
        try:
            found, error = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise InputError("a process that plays has ended, perhaps for want of memory; --resume goes on.") from None
        if error:
            raise RuntimeError(f"a player failed:\n{error}")
        return found


def _serve(pipe: Connection, options: Options, kind: type[Policy], config: ModelConfig, number: int) -> None:
    """Do what the learner asks for, until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the learner's to handle
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    player, policy = Player(options, kind, number), kind(config).eval()
    while True:
        try:
            what, how = pipe.recv()
        except EOFError:
            return
        try:
            if what == "play":
                weights, taught = how
                policy.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
                found: Any = player.play(policy, taught=taught)
            else:
                found = getattr(player, what)(*how)
            pipe.send((found, ""))
        except Exception:
            pipe.send((None, traceback.format_exc()))
