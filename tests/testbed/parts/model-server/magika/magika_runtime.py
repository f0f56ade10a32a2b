"""What bytes are: BYTES `content` in, for each row BYTES `label`, `mime` and `group`, and FP32 `score` out.

JSON has no bytes, so over HTTP they are base64, and the tensor says so: parameters.content_type is "base64". MLServer's own
codec takes what is no base64 for the bytes themselves; here it is refused, as the answer would be about something else.
"""

import asyncio
import base64
import binascii

import numpy as np
from magika import Magika
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse

INPUT = "content"


def contents(payload):
    tensors = [tensor for tensor in payload.inputs if tensor.name == INPUT]
    if len(tensors) != 1:
        names = [tensor.name for tensor in payload.inputs]
        raise InferenceError(f"expected one input named {INPUT!r}, found {names}")
    tensor = tensors[0]
    rows = list(tensor.data.root)
    if tensor.datatype != "BYTES" or tensor.shape not in ([len(rows)], [len(rows), 1]):
        found = f"{tensor.datatype} of the shape {tensor.shape} with {len(rows)} values"
        raise InferenceError(f"{INPUT}: expected BYTES of the shape [n, 1] with n values, found {found}")
    encoded = tensor.parameters is not None and tensor.parameters.content_type == "base64"
    return [decoded(row, number, encoded) for number, row in enumerate(rows)]


def decoded(row, number, encoded):
    if isinstance(row, bytes) and not encoded:
        return row
    if not encoded or not isinstance(row, (bytes, str)):
        raise InferenceError(f'{INPUT}[{number}]: expected base64, and "base64" as the content_type of the tensor')
    try:
        return base64.b64decode(row, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InferenceError(f"{INPUT}[{number}]: this is no base64: {error}") from error


class MagikaRuntime(MLModel):
    async def load(self) -> bool:
        self.magika = Magika()
        return True

    def identify(self, rows):
        return [self.magika.identify_bytes(row) for row in rows]

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        results = await asyncio.to_thread(self.identify, contents(payload))
        types = [result.output for result in results]
        scores = np.array([[result.score] for result in results], np.float32).reshape(-1, 1)
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            id=payload.id,
            outputs=[
                StringCodec.encode_output("label", [str(kind.label) for kind in types]),
                StringCodec.encode_output("mime", [kind.mime_type for kind in types]),
                StringCodec.encode_output("group", [kind.group for kind in types]),
                NumpyCodec.encode_output("score", scores),
            ],
        )
