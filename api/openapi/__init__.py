"""The OpenAPI documents: schemas, examples and pages."""
