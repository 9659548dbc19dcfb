"""The product's figures, measured on the machine it runs on."""
