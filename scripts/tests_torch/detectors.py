"""Detectors in the styles of the field, whose weights are set by hand: they find red and green rectangles."""

import torch
from torch import nn


class Squares(nn.Module):
    """Finds what is red and what is green by its middle and its spread: exactly if it is a rectangle.

    It answers as DETR does: a query for each colour, and at last how sure it is that there is none.
    """

    def __init__(self):
        super().__init__()
        self.colours = nn.Conv2d(3, 2, 1, bias=False)
        with torch.no_grad():
            self.colours.weight.copy_(torch.tensor([[1.0, -1, -1], [-1, 1, -1]])[..., None, None])

    def found(self, pixel_values):
        """The boxes [rows, 2, 4] in parts of the image, and how much there is of each colour [rows, 2]."""
        light = torch.relu(self.colours(pixel_values))
        middles, sides = [], []
        for axis in (2, 3):
            line = light.sum(dim=axis)
            line = line / line.sum(dim=2, keepdim=True).clamp(min=1e-6)
            size = line.shape[2]
            places = (torch.arange(size, dtype=torch.float32) + 0.5) / size
            middle = (line * places).sum(dim=2)
            spread = (line * (places - middle[..., None]) ** 2).sum(dim=2)
            middles.append(middle)
            sides.append((12 * spread + 1 / size**2) ** 0.5)
        return torch.stack([*middles, *sides], dim=2), light.mean(dim=(2, 3))

    def logits(self, much):
        """For each query how sure each colour is, [rows, 2, 2]."""
        return (400 * much[..., None] + 4) * torch.eye(2) - 8

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        logits = self.logits(much)
        none = torch.zeros_like(logits[..., :1])
        return {"logits": torch.cat([logits, none], dim=2), "pred_boxes": boxes, "loss": None}


class FocalSquares(Squares):
    """Each label for itself, as Deformable DETR."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        return {"pred_logits": self.logits(much), "pred_boxes": boxes}


class AnchorSquares(Squares):
    """Corners in pixels, with probabilities of a background and of each colour; each box twice."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        middle, sides = boxes.repeat(1, 2, 1).split(2, dim=2)
        sizes = torch.tensor([pixel_values.shape[3], pixel_values.shape[2]])
        logits = self.logits(much).repeat(1, 2, 1)
        scores = torch.softmax(torch.cat([torch.zeros_like(logits[..., :1]), logits], dim=2), dim=2)
        return torch.cat([middle - sides / 2, middle + sides / 2], dim=2) * sizes.repeat(2), scores


class GridSquares(Squares):
    """The raw head of a YOLO, each box three times; the second of its answers is for training."""

    def head(self, pixel_values):
        boxes, much = self.found(pixel_values)
        sizes = torch.tensor([pixel_values.shape[3], pixel_values.shape[2]])
        return boxes * sizes.repeat(2), torch.sigmoid(self.logits(much))

    def forward(self, pixel_values):
        head = torch.cat(self.head(pixel_values), dim=2).repeat(1, 3, 1)
        return head.transpose(1, 2), [pixel_values]


class ObjectSquares(GridSquares):
    """As YOLOv5: places first, and whether there is anything."""

    def forward(self, pixel_values):
        boxes, scores = self.head(pixel_values)
        return torch.cat([boxes, scores.amax(dim=2, keepdim=True), scores], dim=2).repeat(1, 4, 1)


class RelativeGrid(Squares):
    """A head as YOLO's, in parts of the image."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        return torch.cat([boxes, self.logits(much)], dim=2).transpose(1, 2)


class SidedAnchors(Squares):
    """Says that its middles and sides are corners."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        return {"boxes": boxes, "scores": self.logits(much)}


class PixelQueries(Squares):
    """Queries whose boxes are in pixels."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        return {"logits": self.logits(much), "pred_boxes": boxes * 32}


class ChosenSquares(Squares):
    """Answers as torchvision's detectors do: only what it found, a mapping an image."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        return [{"boxes": each[sure > 0.01]} for each, sure in zip(boxes, much, strict=True)]


class BrightestSquares(Squares):
    """As many boxes as there are images."""

    def forward(self, pixel_values):
        boxes, much = self.found(pixel_values)
        count = pixel_values.shape[0]
        return {"boxes": boxes.repeat(1, count, 1), "scores": self.logits(much).repeat(1, count, 1)}


class Cells(Squares):
    """Where which colour is, but no boxes."""

    def forward(self, pixel_values):
        return {"cells": self.colours(pixel_values)}
