"""Who a credential speaks for, asked by the gateway."""
