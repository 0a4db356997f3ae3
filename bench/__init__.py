"""The benchmarks: each goal of the product as a ratio, measured against a reference in the same run."""
