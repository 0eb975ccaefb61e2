namespace AdmitOne.Schema;

/// <summary>A migration cannot be done; the message is one line for the person at the terminal.</summary>
public class MigrationException : Exception
{
    public MigrationException(string message) : base(message) { }

    public MigrationException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>The database has migrations that this program does not know: it belongs to a newer version.</summary>
public sealed class DatabaseNewerException(string message) : MigrationException(message);

/// <summary>A number was asked for that is no migration of this program.</summary>
public sealed class UnknownMigrationException(string message) : MigrationException(message);

/// <summary>Going down would pass a migration whose file says that it cannot be undone.</summary>
public sealed class IrreversibleMigrationException(string message) : MigrationException(message);

/// <summary>The server refused a statement; the message names the migration and the statement's first line.</summary>
public sealed class MigrationFailedException(string message, Exception inner) : MigrationException(message, inner);
