"""Prints the versions of the peers that are installed, a line each: NAME VERSION."""
import importlib.metadata
import sys

print("python", sys.version.split()[0])
for name in ["torch", "jax", "keras", "tensorflow-cpu", "tensorflow", "scikit-learn", "numpy"]:
    try:
        print(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        pass
