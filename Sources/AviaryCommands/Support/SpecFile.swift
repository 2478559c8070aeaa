import AviaryEnsemble
import Storage

/// Reads the spec that a verb is given, and says all that is wrong with it at once.
enum SpecFile {
    private static let sizeMax = 2 << 20

    /// The spec in the file at `path`; its name is the file's unless it says otherwise.
    static func read(_ path: String) throws -> EnsembleSpec {
        try examine(path).spec
    }

    /// The same, and how many warnings were shown.
    static func examine(_ path: String) throws -> (spec: EnsembleSpec, warningCount: Int) {
        let text = String(decoding: try bytes(path), as: UTF8.self)
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let name = file.split(separator: ".").first.map(String.init) ?? "local"
        let (spec, problems) = SpecParser.parse(text, file: path, defaultName: name)
        for problem in problems { Program.note(problem.rendered(file: path, source: text)) }
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty, let spec else {
            throw Complaint(
                "\(errors.count) mistake\(errors.count == 1 ? "" : "s") in \(path); 'aviary schema' "
                    + "prints the form of a spec", .inputIsWrong)
        }
        return (spec, problems.count)
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let found: [UInt8]?
        do throws(StorageError) {
            found = try AtomicFile.read(path, in: POSIXFileSystem(), sizeMax: sizeMax + 1)
        } catch {
            throw Complaint(
                "the spec \(path) \(error.message): it must be a YAML file that you may read. "
                    + "'ls -ld \(path)' shows what it is", .inputIsWrong)
        }
        guard let found else {
            throw Complaint(
                "there is no file \(path). 'aviary schema' prints the form of a spec, and 'aviary spec' "
                    + "writes that of an ensemble there is; 'aviary up' alone starts three servers",
                .inputIsWrong)
        }
        guard found.count <= sizeMax else {
            throw Complaint("\(path) has over \(sizeMax >> 20) MiB: no spec does", .inputIsWrong)
        }
        return found
    }
}
