"""Very small CLIP and SigLIP models with random weights, written as Hugging Face folders."""

from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessor,
    Siglip2Model,
    Siglip2Processor,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

Kind = Literal["clip", "siglip", "siglip2"]
KINDS: tuple[Kind, ...] = ("clip", "siglip", "siglip2")

CONTEXT = 16
SIDE = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789./:-_"
_SPECIAL = ["<pad>", "<unk>", "<start>", "<end>"]


def tiny_tokenizer(kind: Kind) -> PreTrainedTokenizerFast:
    """Return a tokenizer of single characters."""
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *_LETTERS])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    frame = "<start> $A <end>" if kind == "clip" else "$A <end>"
    backend.post_processor = processors.TemplateProcessing(
        single=frame, special_tokens=[("<start>", 2), ("<end>", 3)]
    )
    made: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<start>",
        eos_token="<end>",
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "attention_mask"] if kind == "clip" else ["input_ids"],
    )
    return made


def build(kind: Kind, folder: Path, *, seed: int = 0, dimension: int = 24) -> Path:
    """Write a model of random weights to `folder`; equal seeds make equal weights."""
    torch.manual_seed(seed)
    size = len(_SPECIAL) + len(_LETTERS)
    small = {
        "hidden_size": dimension,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    text = {
        **small,
        "vocab_size": size,
        "max_position_embeddings": CONTEXT,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "projection_dim": dimension,
    }
    vision = {**small, "image_size": SIDE, "patch_size": 8, "projection_dim": dimension}
    square = {"height": SIDE, "width": SIDE}
    tokenizer: Any = tiny_tokenizer(kind)
    model: Any
    processor: Any
    if kind == "clip":
        config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=dimension)
        model = CLIPModel(config)
        images = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=square)
        processor = CLIPProcessor(images, tokenizer)  # type: ignore[no-untyped-call]
    elif kind == "siglip":
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
        processor = SiglipProcessor(  # type: ignore[no-untyped-call]
            image_processor=SiglipImageProcessor(size=square), tokenizer=tokenizer
        )
    else:
        vision = {**small, "num_patches": 256, "patch_size": 16}
        model = Siglip2Model(Siglip2Config(text_config=text, vision_config=vision))
        processor_class: Any = Siglip2Processor
        processor = processor_class(image_processor=Siglip2ImageProcessor(), tokenizer=tokenizer)
    with torch.no_grad():
        for parameter in model.parameters():
            # Fresh weights are so small that every text would come out nearly the same.
            parameter.add_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
