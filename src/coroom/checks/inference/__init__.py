"""What is known of the values in a program, and what about them does not hold; nothing is run.

First what is known: `shapes` (what a value can be), `standard` (values of the standard library), `abilities` (what
values can do and have), `notes` (what annotations say), `raising` (what a function may raise), `reading` (what
functions give and fields hold). Then one class that walks through a function, in layers: `asking`, `checker` (its
statements), `operators`, `calls` (of what is built in; `defined`: of what the program defines) and `expressions`;
beside them `demands` (what well-known functions ask of what they are given), `zones` (whether moments have a time
zone), `templates` (texts with places to be filled), `fitting` (whether a value can stand where another is wanted),
`narrowing` (what holds after a test), `patterns` (what a `match` takes apart) and `declared` (whether code keeps to
what it says).
"""
