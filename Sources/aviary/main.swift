import ArgumentParser
import AviaryCommands

await AviaryCommand.program()
