// Reads the zoo.cfg files that are to be imported, with the dynamic files and myid they name.

internal import Configuration
internal import Records
internal import Storage

extension EnsembleImport {
    /// A spec of zoo.cfg files, or of directories that hold one each.
    public static func configurations(
        _ paths: [String], name: String
    ) throws -> EnsembleImport {
        var files: [ConfigurationFile] = []
        var notes: [String] = []
        for path in paths {
            let reader = ConfigurationReader(try file(at: path))
            files.append(try reader.read(&notes))
        }
        var result = try ConfigurationImport.run(name: name, files: files)
        result.notes = notes + result.notes
        return result
    }

    private static func file(at path: String) throws -> String {
        let fileSystem = POSIXFileSystem()
        guard try fileSystem.exists(path) else {
            throw EnsembleError(
                .wrong, "there is no file \(path); name a zoo.cfg, or a directory that holds one")
        }
        let inside = path + "/zoo.cfg"
        return try fileSystem.exists(inside) ? inside : path
    }
}

/// One zoo.cfg while it is read.
private struct ConfigurationReader {
    let path: String
    private let fileSystem = POSIXFileSystem()

    init(_ path: String) { self.path = path }

    private var folder: String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    func read(_ notes: inout [String]) throws -> ConfigurationFile {
        guard let text = try text(of: path) else {
            throw EnsembleError(.wrong, "\(path) cannot be read: 'ls -l \(path)' shows why")
        }
        let (configuration, problems) = ServerConfiguration.parse(text, file: path)
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty else {
            let all = errors.map(\.description).joined(separator: "\n")
            throw EnsembleError(.wrong, all + "\nNo server would start from it: mend it first")
        }
        notes += problems.map(\.description)
        var file = ConfigurationFile(
            path: path, configuration: configuration, membership: configuration.membership)
        if let dynamic = configuration.dynamicConfigFile {
            file.membership = try membership(in: dynamic)
        }
        file.id = try id(configuration.dataDirectory)
        return file
    }

    /// The dynamic file, where it is named or, if the files were copied, beside the zoo.cfg.
    private func membership(in dynamic: String) throws -> Membership {
        let name = dynamic.split(separator: "/").last.map(String.init) ?? dynamic
        for candidate in [dynamic, "\(folder)/\(name)"] {
            guard let text = try text(of: candidate) else { continue }
            do throws(ConfigurationProblem) {
                return try DynamicFile.parse(text, file: candidate)
            } catch {
                throw EnsembleError(.wrong, "\(error.description). Mend it first")
            }
        }
        throw EnsembleError(
            .wrong,
            "\(path) names the members' file \(dynamic), which is missing: copy it to \(folder)")
    }

    /// Nil where no `myid` is, or none that says a number.
    private func id(_ data: String) throws(StorageError) -> Int? {
        for candidate in ["\(data)/myid", "\(folder)/\(data)/myid", "\(folder)/myid"] {
            guard let text = try text(of: candidate) else { continue }
            if let id = try? MyID.parse(text, file: candidate) { return Int(id.rawValue) }
        }
        return nil
    }

    private func text(of path: String) throws(StorageError) -> String? {
        try AtomicFile.read(path, in: fileSystem, sizeMax: 1 << 20).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
