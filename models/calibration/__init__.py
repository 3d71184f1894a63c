"""Tables and formulas that turn scores of networks into rates and shares."""
