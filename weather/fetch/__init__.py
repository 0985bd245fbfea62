"""Weather from the network: asked within limits, kept with its query and time, read offline from what was kept.

`http` asks, `settings` says where, `cache` keeps, `answer` puts the three together; then one getter for each service,
whose answers the readers in `weather.sources` decode.
"""
