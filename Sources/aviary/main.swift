import ArgumentParser
import AviaryCommands

AviaryCommand.main()
