"""Texts to vectors: encoders, embeddings made elsewhere, a cache, and principal components."""

from __future__ import annotations

from cloneproof.embeddings.cache import CacheSize, EmbeddingCache, default_cache_folder
from cloneproof.embeddings.embed import embed, embed_with_encoder
from cloneproof.embeddings.encoder import Embedded, EmbeddingArray, Encoder
from cloneproof.embeddings.openai_endpoint import OpenAIEncoder
from cloneproof.embeddings.reduction import Reduction, reduce_dimension
from cloneproof.embeddings.resolve import EncoderChoice, resolve_encoder
from cloneproof.embeddings.sentence_transformer import SentenceTransformerEncoder
from cloneproof.embeddings.stored import check_embeddings, read_embeddings
from cloneproof.embeddings.surface import SurfaceEncoder

__all__ = [
    "CacheSize",
    "Embedded",
    "EmbeddingArray",
    "EmbeddingCache",
    "Encoder",
    "EncoderChoice",
    "OpenAIEncoder",
    "Reduction",
    "SentenceTransformerEncoder",
    "SurfaceEncoder",
    "check_embeddings",
    "default_cache_folder",
    "embed",
    "embed_with_encoder",
    "read_embeddings",
    "reduce_dimension",
    "resolve_encoder",
]
