"""The model: image features and classifier as one ONNX graph, its training, its evaluation, its use."""
