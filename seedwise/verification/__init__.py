"""Checks of a results folder by somebody who did not run it: does the report follow from what the folder holds?"""
