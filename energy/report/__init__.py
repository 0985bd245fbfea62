"""The report of a plan: one HTML file a board can read, complete in itself."""

from energy.report.html import render_report, write_report

__all__ = ["render_report", "write_report"]
