"""The cards of a funnel taken along as CSV or XLSX."""
