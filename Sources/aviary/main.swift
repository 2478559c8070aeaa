// The program: which verbs there are, and what each does, stands in AviaryCommands.

import ArgumentParser
import AviaryCommands

AviaryCommand.begin()
await AviaryCommand.program()
