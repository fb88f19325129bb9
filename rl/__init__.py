"""The learned planner: a batched environment, a policy with sparse attention, PPO, evaluation, and the solver."""
