"""Proving once more who one is, before what is sensitive: /confirm."""
