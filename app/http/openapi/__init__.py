"""The API's description in OpenAPI, built from the declarations."""
