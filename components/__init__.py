"""What is deployed: settings, names, and one component resource a layer."""
