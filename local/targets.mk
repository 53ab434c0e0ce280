# Targets that run things; grown by the part of the project that owns them.
