"""From a request to a stream of events: the models, the dual branch, the loop, the worker."""
