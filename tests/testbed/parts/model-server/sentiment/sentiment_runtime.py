"""A second model whose outputs have several types: FP32 `compound`, BYTES `lang`, FP32 `lang_prob`."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class SentimentRuntime(MLModel):
    async def load(self) -> bool:
        self.analyzer = SentimentIntensityAnalyzer()
        # The name of this constructor changed between releases of py3langid.
        make = getattr(LanguageIdentifier, "from_model", None)
        if make is not None:
            self.languages = make(norm_probs=True)
        else:
            self.languages = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        texts = StringCodec.decode_input(payload.inputs[0])
        compound = np.array([[self.analyzer.polarity_scores(text)["compound"]] for text in texts], np.float32)
        languages = [self.languages.classify(text) for text in texts]
        probabilities = np.array([[probability] for _, probability in languages], np.float32)
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            id=payload.id,
            outputs=[
                NumpyCodec.encode_output("compound", compound),
                StringCodec.encode_output("lang", [language for language, _ in languages]),
                NumpyCodec.encode_output("lang_prob", probabilities),
            ],
        )
