"""Students as graphs of ONNX."""
