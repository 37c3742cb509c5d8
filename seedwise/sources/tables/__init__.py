"""Tables from files of any format: cells as they are written, before anything is made of them."""
