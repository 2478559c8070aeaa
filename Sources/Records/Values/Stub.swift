import Jute
