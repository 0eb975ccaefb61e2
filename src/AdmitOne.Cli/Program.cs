using System.CommandLine;
using AdmitOne.Cli.Commands;

// Ctrl-C cancels the command's token; a command may then take as long as it needs to leave things in order.
return await AdmitOneCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
