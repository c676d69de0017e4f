"""Explorers: pictures that answer to the mouse and the keyboard, as the last expression of a cell.

The sums are done in the page (plain JavaScript beside each module), so an explorer answers within a frame and goes on
working where no kernel runs, as long as the notebook was saved with its widget state (see ``kit``).
"""

from convnets.explorers.convolution_stepper import ConvolutionStepper
from convnets.explorers.receptive_field import ReceptiveFieldExplorer

__all__ = ["ConvolutionStepper", "ReceptiveFieldExplorer"]
