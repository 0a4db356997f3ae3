"""Contacts from a CSV or XLSX file, in four steps, and back out again."""
