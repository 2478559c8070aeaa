import ArgumentParser
import AviaryEnsemble

/// Where the ensembles of this machine are.
struct HomeOptions: ParsableArguments {
    @Option(
        name: .customLong("dir"),
        help: "The folder of all ensembles, instead of $AVIARY_HOME.", completion: .directory)
    var directory: String?

    var home: EnsembleHome { EnsembleHome(directory) }

    func validate() throws {
        if directory == "" { throw ValidationError("--dir is the folder of all ensembles") }
    }
}

/// Which ensemble a verb is about.
struct EnsembleOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .customLong("ensemble")],
        help: "The ensemble; without it the current one ('aviary use NAME'), or the only one.",
        completion: .shellCommand("aviary ls --names"))
    var name: String?

    @OptionGroup var place: HomeOptions

    func validate() throws {
        if let name, !SpecParser.isName(name) {
            throw ValidationError(
                "an ensemble's name has letters, digits, '.', '_' and '-' only: \(name)")
        }
    }

    /// The ensemble that is named, the current one, or the only one there is.
    func find() throws -> LocalEnsemble {
        let folder = try place.home.find(name)
        guard let spec = try folder.load() else {
            throw Complaint(
                "the ensemble \(folder.name) is gone from \(folder.path); 'aviary ls' lists those "
                    + "there are", .unreachable)
        }
        return try LocalEnsemble(spec, in: folder, binary: Program.path)
    }
}

/// How long a verb waits.
enum Patience {
    /// Complains about a number of seconds that nobody can wait.
    static func check(_ seconds: Double) throws {
        guard seconds >= 0, seconds <= 1e9 else {
            let isWhole = seconds.magnitude <= 1e15 && seconds == seconds.rounded()
            let text = isWhole ? String(Int(seconds)) : String(seconds)
            throw ValidationError(
                "--timeout is a number of seconds from 0 to a billion, and not \(text)")
        }
    }
}

/// How a verb shows its result.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "The result as JSON, for programs.")
    var json = false

    /// One of both, on standard output.
    func show(_ value: JSONValue, _ text: String) {
        Program.show(json ? value.text : text)
    }
}
