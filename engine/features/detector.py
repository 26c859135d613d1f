"""A detector of objects from a Hugging Face folder (DETR, YOLOS, RT-DETR, …) as a source of boxes.

Only files of the folder are read, weights from safetensors alone, and code that comes with a model
is never run. Torch is imported when a detector is loaded. Knows nothing of pins and vocabularies.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from engine.errors import BadSetting
from engine.features.regions import Proposal
from engine.queries import Crop

if TYPE_CHECKING:
    from PIL import Image

LEAST: Final = 0.3
"""Least score of a box that is proposed."""
MOST: Final = 100
SHORTEST, MOST_ASPECT = 8, 16
"""A picture of fewer pixels a side, or longer beside its width, is no picture to a detector."""


class FolderDetector:
    """Proposes boxes with labels; safe to use from many threads."""

    def __init__(self, model: Any, processor: Any) -> None:
        """`model` and `processor` are what transformers makes of a folder."""
        self._model = model.eval()
        self._processor = processor
        self._labels: dict[int, str] = dict(model.config.id2label)
        self._busy = threading.Lock()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the detector in a folder; raise BadSetting where there is none."""
        place = folder.expanduser()
        if not (place / "config.json").is_file():
            raise BadSetting(
                f"ENGINE_DETECTOR: {place} holds no config.json: name the folder of an object "
                "detector, or leave it out"
            )
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            import transformers

            models: Any = transformers.AutoModelForObjectDetection
            processors: Any = transformers.AutoImageProcessor
            model = models.from_pretrained(str(place), use_safetensors=True, **options)
            processor = processors.from_pretrained(str(place), backend="pil", **options)
        # A model can fail to load in as many ways as there are libraries below it.
        except Exception as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            why = lines[0][:200] if lines else type(error).__name__
            raise BadSetting(
                f"ENGINE_DETECTOR: {place} can't be loaded as an object detector ({why}): its "
                "weights must be safetensors, and its kind one that transformers knows"
            ) from error
        return cls(model, processor)

    def __call__(self, image: Image.Image) -> list[Proposal]:
        """Return boxes of an upright RGB picture with their labels, the surest first."""
        import torch

        width, height = image.size
        if min(width, height) < SHORTEST or max(width, height) > MOST_ASPECT * min(width, height):
            return []
        with self._busy, torch.inference_mode():
            inputs = self._processor(images=image, return_tensors="pt")
            found = self._processor.post_process_object_detection(
                self._model(**inputs), threshold=LEAST, target_sizes=[(height, width)]
            )[0]
        out = []
        for box, score, label in zip(
            found["boxes"].tolist(), found["scores"].tolist(), found["labels"].tolist(), strict=True
        ):
            kept = _inside(box, width, height)
            if kept is not None:
                out.append(Proposal(kept, float(score), self._labels.get(int(label))))
        return sorted(out, key=lambda each: -each.score)[:MOST]


def _inside(box: list[float], width: int, height: int) -> Crop | None:
    """Return a box of pixels (left, top, right, bottom) in fractions, cut to the picture."""
    left, right = (min(max(box[place] / width, 0.0), 1.0) for place in (0, 2))
    top, bottom = (min(max(box[place] / height, 0.0), 1.0) for place in (1, 3))
    x, y, wide, high = (round(part, 4) for part in (left, top, right - left, bottom - top))
    if not (wide > 0 and high > 0):  # also what is not a number
        return None
    return Crop(x, y, min(wide, 1 - x), min(high, 1 - y))
