namespace AdmitOne.Cli.Local;

/// <summary>A fault that its reader can repair: the message is the one line that is shown, without a stack trace.</summary>
public sealed class CannotRunException : Exception
{
    public CannotRunException(string message) : base(message) { }

    public CannotRunException(string message, Exception cause) : base(message, cause) { }

    public CannotRunException() { }
}
