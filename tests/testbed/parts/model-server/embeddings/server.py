"""Sentence embeddings as OpenAI and Text Embeddings Inference serve them: `server.py [PORT ADDRESS]`.

One model (that of the folder minilm beside this one) under the paths of both: `POST /v1/embeddings`, and `POST /embed` with
`GET /info`. Vectors have 384 numbers and length 1.
"""

import os
import sys

import numpy as np
import onnxruntime
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route
from tokenizers import Tokenizer

NAME = "all-MiniLM-L6-v2"
MAX_TOKENS = 256
MAX_BATCH = 32

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "minilm")


def tokenizer(prepare):
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    prepare(tokenizer)
    tokenizer.enable_padding()
    return tokenizer


cutting = tokenizer(lambda tokenizer: tokenizer.enable_truncation(MAX_TOKENS))
# The file has a limit of its own, which would hide that a text is too long.
whole = tokenizer(lambda tokenizer: tokenizer.no_truncation())
session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), providers=["CPUExecutionProvider"])


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def texts_of(value):
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise Refused(422, "expected a text or a list of texts, none of them empty")
    return texts


def embed(texts, truncate):
    """The vectors, and how many tokens the texts have."""
    encoded = (cutting if truncate else whole).encode_batch(texts)
    longest = max(sum(text.attention_mask) for text in encoded)
    if longest > MAX_TOKENS:
        raise Refused(413, f"inputs must have less than {MAX_TOKENS} tokens, given: {longest}")
    tokens = np.array([text.ids for text in encoded], np.int64)
    mask = np.array([text.attention_mask for text in encoded], np.int64)
    vectors = session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]
    return vectors.tolist(), int(mask.sum())


async def openai(request):
    body = await request.json()
    if body.get("model") != NAME:
        raise Refused(404, f"The model `{body.get('model')}` does not exist")
    vectors, tokens = await run_in_threadpool(embed, texts_of(body.get("input")), True)
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return JSONResponse({"object": "list", "model": NAME, "data": data, "usage": usage})


async def text_embeddings(request):
    body = await request.json()
    texts = texts_of(body.get("inputs"))
    if len(texts) > MAX_BATCH:
        raise Refused(422, f"batch size {len(texts)} > maximum allowed batch size {MAX_BATCH}")
    vectors, _ = await run_in_threadpool(embed, texts, body.get("truncate", False))
    return JSONResponse(vectors)


async def info(_):
    return JSONResponse({"model_id": NAME, "model_sha": None, "max_input_length": MAX_TOKENS,
                         "max_client_batch_size": MAX_BATCH})


async def health(_):
    return JSONResponse({})


async def refuse(request, error):
    openai_like = request.url.path.startswith("/v1/")
    said = {"message": str(error), "type": "invalid_request_error"} if openai_like else str(error)
    return JSONResponse({"error": said}, status_code=error.status)


app = Starlette(
    routes=[
        Route("/v1/embeddings", openai, methods=["POST"]),
        Route("/embed", text_embeddings, methods=["POST"]),
        Route("/info", info),
        Route("/health", health),
    ],
    exception_handlers={Refused: refuse},
)

if __name__ == "__main__":
    port, address = sys.argv[1:] or ["8090", "0.0.0.0"]
    uvicorn.run(app, host=address, port=int(port), log_level="warning")
