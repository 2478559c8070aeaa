public import ArgumentParser

/// The program: one subcommand for each verb.
public struct AviaryCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "aviary",
        abstract: "A whole ZooKeeper ensemble in one binary.",
        version: "0.1.0",
        subcommands: [ServerCommand.self])

    public init() {}
}
