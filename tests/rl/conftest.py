"""Settings of the tests of the learned planner."""

import torch

torch.set_num_threads(1)  # the tests run side by side, and threads that wait for each other's cores spin
