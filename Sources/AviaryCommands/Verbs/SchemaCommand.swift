import ArgumentParser
import AviaryEnsemble

/// The verb `aviary schema`.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON schema of the spec, for editors.")

    func run() { print(EnsembleSchema.json, terminator: "") }
}
