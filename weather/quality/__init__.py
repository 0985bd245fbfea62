"""Quality of weather: the clock of the radiation, gaps, impossible values; what was found and what was mended."""
