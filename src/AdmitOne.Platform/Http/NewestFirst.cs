namespace AdmitOne.Platform.Http;

/// <summary>A place in a list that goes from the newest to the oldest; the id decides between rows of one instant.</summary>
public sealed record NewestFirst(DateTimeOffset At, Guid Id);
