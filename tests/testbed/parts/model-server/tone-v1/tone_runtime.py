"""A small model of which two versions are served, `v1` and `v2`: FP32 `compound`, BYTES `label`."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class ToneRuntime(MLModel):
    async def load(self) -> bool:
        self.analyzer = SentimentIntensityAnalyzer()
        # The second version is the more careful one.
        self.threshold = 0.05 if self.version == "v1" else 0.2
        return True

    def label(self, compound: float) -> str:
        if abs(compound) < self.threshold:
            return "neutral"
        return "positive" if compound > 0 else "negative"

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        compounds = [self.analyzer.polarity_scores(text)["compound"] for text in texts]
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            id=payload.id,
            outputs=[
                NumpyCodec.encode_output("compound", np.array([[compound] for compound in compounds], np.float32)),
                StringCodec.encode_output("label", [self.label(compound) for compound in compounds]),
            ],
        )
