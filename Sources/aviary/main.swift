// The program: which verbs there are, and what each does, stands in AviaryCommands.

import ArgumentParser
import AviaryCommands

await AviaryCommand.program()
