"""`faceline migrate`: whether programs for another API can use Faceline."""
