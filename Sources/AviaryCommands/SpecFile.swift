import AviaryEnsemble
import Storage

/// Reads the spec that a verb is given, and says all that is wrong with it at once.
enum SpecFile {
    /// The spec in the file at `path`; its name is the file's unless it says otherwise.
    static func read(_ path: String) throws -> EnsembleSpec {
        guard let bytes = try AtomicFile.read(path, in: POSIXFileSystem(), sizeMax: 2 << 20) else {
            throw Complaint("there is no file \(path)", code: 65)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let name = file.split(separator: ".").first.map(String.init) ?? "local"
        let (spec, problems) = SpecParser.parse(text, file: path, defaultName: name)
        for problem in problems { Program.note(problem.rendered(file: path, source: text)) }
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty, let spec else {
            throw Complaint(
                "\(errors.count) mistake\(errors.count == 1 ? "" : "s") in \(path); 'aviary schema' "
                    + "prints the form of a spec", code: 65)
        }
        return spec
    }
}
