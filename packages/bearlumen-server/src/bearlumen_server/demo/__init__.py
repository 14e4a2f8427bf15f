"""`bearlumen demo`: a made-up company's AI calls, through the real client and server.

The responses have the shape of recorded ones, with numbers of our own. Nothing is contacted but
the server that the demo starts.
"""
