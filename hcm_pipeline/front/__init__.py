"""The front of a web server: which requests reach it, and under whose name.

A web page can send requests to every server that the browser of its reader reaches, this machine's own among them. The front lets
through what a person asks for in the server's own pages, and programs that name it as it is called; it refuses the rest with a
sentence. Behind a reverse proxy it also says who is signed in there.
"""

from hcm_pipeline.front.callers import Caller, Way, caller_of
from hcm_pipeline.front.gate import Gate
from hcm_pipeline.front.judgement import Front, loopback

__all__ = ["Caller", "Front", "Gate", "Way", "caller_of", "loopback"]
