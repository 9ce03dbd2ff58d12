"""The code against the written contract, where the contract lies beside the checkout."""
