"""Sentence embeddings: BYTES texts in, one FP32 vector of 384 for each out."""

import asyncio
import os

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from tokenizers import Tokenizer

MAX_TOKENS = 256


class MiniLMRuntime(MLModel):
    async def load(self) -> bool:
        folder = os.path.dirname(os.path.abspath(__file__))
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.enable_padding()
        model = os.path.join(folder, "model.onnx")
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return True

    def embed(self, texts):
        encoded = self.tokenizer.encode_batch(texts)
        tokens = np.array([text.ids for text in encoded], np.int64)
        mask = np.array([text.attention_mask for text in encoded], np.int64)
        return self.session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        vectors = await asyncio.to_thread(self.embed, texts)
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            id=payload.id,
            outputs=[NumpyCodec.encode_output("embedding", vectors)],
        )
